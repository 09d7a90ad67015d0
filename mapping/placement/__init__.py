"""Which place of the board each logical core takes."""

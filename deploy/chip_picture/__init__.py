"""The chip as a picture: its mesh, every core coloured by what the reader picks, links by their traffic."""

"""How small a change of the input turns answers, in float and on the chip."""

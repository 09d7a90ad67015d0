"""Training spiking networks by surrogate gradients: what a network is made of, how it is trained, and its graph.

`components` and `recipe` say what is trained and how, without PyTorch. The other files need it and are imported where
a training begins.
"""

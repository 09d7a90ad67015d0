"""Trained networks that come with Spikeloom, and the code that trained them.

Each network is a committed NIR file with a card (JSON) beside it that says how it was
trained and how good it is. Using one needs no PyTorch; training it again does, so
nothing is imported here.
"""

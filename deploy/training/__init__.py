"""`spikeloom train`: a network of the zoo, trained, deployed and described by a card."""

"""What a deployment has to say, section by section, and its verdict."""

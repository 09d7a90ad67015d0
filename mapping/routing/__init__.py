"""The mesh of tiles, the ways of messages over it, and the load of its links."""

"""SpiNNaker's routing tables: keys, entries, their compression, and the proof that every key arrives."""

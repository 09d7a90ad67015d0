"""SpiNNaker 2: what the processing elements do event by event, what on their arrays, and what that costs."""

"""When a network's answer is there, and what stopping then saves."""

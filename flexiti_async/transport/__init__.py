"""The input and output of one call: attempts, connections, deadlines."""

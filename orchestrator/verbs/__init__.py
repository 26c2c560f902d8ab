"""What the verbs of the command do; cli.py declares them."""

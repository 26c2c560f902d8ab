"""The engine as a process: who owns the folder, on which port it listens, how it starts and how it ends."""

"""Where the functions of tasks run: in worker processes, on an executor, in threads, or here."""

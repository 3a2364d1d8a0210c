"""Where the functions of tasks run: worker processes, other people's executors, threads, or here."""

"""The training core: models, losses, optimizers and one loop. It imports NumPy and the standard library, nothing else."""

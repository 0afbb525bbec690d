"""The HTTP surface. FastAPI lives here (and in `service/app.py`) and nowhere else."""

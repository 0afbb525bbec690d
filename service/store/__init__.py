"""The database. SQLAlchemy lives here (and in the migrations) and nowhere else."""

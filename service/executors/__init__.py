"""Where runs execute. The queue is rows in the database; an executor only places work, and losing it loses nothing."""

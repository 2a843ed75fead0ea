"""What every flow runs on: ports, pacing, jobs, the lease."""

"""Parts of the Races and Leaderboard pages."""

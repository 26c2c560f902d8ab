"""What the warehouse tells of itself to Prometheus: read on each scrape, served, printed or pushed."""

"""What happens over time, over ports: each flow looks at what is, and brings it nearer to what should be."""

"""A trained model behind HTTP: FastAPI with uvicorn on one machine, Ray Serve on several."""

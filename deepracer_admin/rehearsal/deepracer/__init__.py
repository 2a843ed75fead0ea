"""The practice server of DeepRacer on AWS, 1.2.5 and 1.3.1, built from the contract and from nothing of the client."""

from .deployment import Deployment, Options
from .garage import OnAwsGarage
from .service import DeepRacer

__all__ = ["DeepRacer", "Deployment", "OnAwsGarage", "Options"]

"""The practice Microsoft Graph: users, groups and guests of the company's tenant."""

from .service import Graph

__all__ = ["Graph"]

"""The keys with which practice services sign tokens."""

from cryptography.hazmat.primitives.asymmetric import rsa

__all__ = ["new_key"]


def new_key() -> rsa.RSAPrivateKey:
    """RSA, 2048 bits, as Entra and Cognito use; making one takes some 60 ms of the processor."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)

"""QR codes of links, made here: SVG for the screen, PNG for a slide."""

from __future__ import annotations

import io

import segno
import streamlit as st

from deepracer_admin.ui.kit.download import download

__all__ = ["qr_png", "qr_svg", "share"]


def qr_svg(address: str, *, scale: int = 6) -> str:
    """An SVG picture of the code, black on white with its quiet zone."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", scale=scale, border=4, light="#fff", xmldecl=False
    )
    return out.getvalue().decode()


def qr_png(address: str, *, scale: int = 16) -> bytes:
    """A PNG large enough for print and projector."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="png", scale=scale, border=4)
    return out.getvalue()


def share(address: str, *, name: str, key: str, on_phones: bool = True) -> None:
    """The link to copy, its QR code where a phone can come from it (`on_phones`), and both as files."""
    left, right = st.columns([3, 1], vertical_alignment="center")
    if on_phones:
        with right:
            st.image(qr_svg(address), width=170)
    with left:
        st.code(address, language=None, wrap_lines=True)
        with st.container(horizontal=True):
            if on_phones:
                _files(address, name, key)
            st.link_button("Open", address, icon=":material/open_in_new:", key=f"{key}-open")


def _files(address: str, name: str, key: str) -> None:
    svg, png = "image/svg+xml", "image/png"
    download("QR as SVG", lambda _: qr_svg(address, scale=10), f"{name}.svg", svg, key=f"{key}-svg", icon=None)
    download("QR as PNG", lambda _: qr_png(address), f"{name}.png", png, key=f"{key}-png", icon=None)

"""Headers that keep pages apart."""

from __future__ import annotations

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE = {
    **COMMON,
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(), microphone=(), display-capture=(), geolocation=()",
}
CALL_PAGE = {
    **COMMON,
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), "
        "fullscreen=(self), picture-in-picture=(self), geolocation=()"
    ),
}

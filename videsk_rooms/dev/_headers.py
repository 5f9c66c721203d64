"""The response headers with which browsers isolate pages of different origins."""

from __future__ import annotations

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE_HEADERS = {
    **COMMON_HEADERS,
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), display-capture=(), geolocation=()",
}
CALL_PAGE_HEADERS = {
    **PAGE_HEADERS,
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), "
        "fullscreen=(self), picture-in-picture=(self), geolocation=()"
    ),
}
# Pages on other ports load the stand-in, too.
SDK_HEADERS = {**COMMON_HEADERS, "Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Origin"}

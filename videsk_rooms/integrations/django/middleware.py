"""The middleware that responds when a view's call of the Rooms API failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

# Loads the clients with the application, so before a preloading server forks.
from videsk_rooms import AsyncVidesk, Videsk, VideskError  # noqa: F401
from videsk_rooms.integrations.http import HttpAnswer, answer_to, http_answer

__all__ = ["VideskErrorMiddleware"]


class VideskErrorMiddleware:
    """Responds for views, sync or async, whose call of the Rooms API failed.

    A subclass can override `choose_answer` for other responses, and `respond` for another format,
    such as a page instead of JSON.

    Example:
        ```python
        from videsk_rooms.integrations.django.middleware import VideskErrorMiddleware
        from videsk_rooms.integrations.http import HttpAnswer

        class Closed(VideskErrorMiddleware):
            def choose_answer(self, error):
                return HttpAnswer(503, "The doctor is out.")
        ```
    """

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Call the view."""
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Respond to an error of the client; leave other errors to Django.

        Args:
            request: The visitor's request.
            exception: The view's exception.

        Returns:
            The response, or `None` for other errors.
        """
        if not isinstance(exception, VideskError):
            return None
        return self.respond(request, answer_to(exception, self.choose_answer))

    def choose_answer(self, error: VideskError) -> HttpAnswer:
        """Choose the status and message for an error.

        Args:
            error: The error of the view's call.

        Returns:
            The `HttpAnswer`.
        """
        return http_answer(error)

    def respond(self, request: HttpRequest, answer: HttpAnswer) -> HttpResponseBase:
        """Turn an `HttpAnswer` into a response.

        Args:
            request: The visitor's request.
            answer: The status, the message and the headers.

        Returns:
            The response.
        """
        return JsonResponse(answer.body, status=answer.status, headers=answer.headers)

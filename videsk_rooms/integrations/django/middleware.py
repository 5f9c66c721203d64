"""The middleware that answers for views whose call of the Rooms API failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

# The clients are loaded with the application, and so before a server that preloads it forks.
from videsk_rooms import AsyncVidesk, Videsk, VideskError  # noqa: F401
from videsk_rooms.integrations.http import HttpAnswer, answer_to, http_answer

__all__ = ["VideskErrorMiddleware"]


class VideskErrorMiddleware:
    """Answers for every view, awaited or not, whose call of the Rooms API failed.

    A subclass chooses other answers by its own `choose_answer`, and shapes them by its own
    `respond`: a page, for instance, in place of JSON.

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
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer for an error of the client; leave all others to Django.

        Args:
            request: What the visitor asked for.
            exception: What the view raised.

        Returns:
            The response, or `None`.
        """
        if not isinstance(exception, VideskError):
            return None
        return self.respond(request, answer_to(exception, self.choose_answer))

    def choose_answer(self, error: VideskError) -> HttpAnswer:
        """Choose the answer.

        Args:
            error: What a call of the view raised.

        Returns:
            The answer.
        """
        return http_answer(error)

    def respond(self, request: HttpRequest, answer: HttpAnswer) -> HttpResponseBase:
        """Make an answer a response.

        Args:
            request: What the visitor asked for.
            answer: The answer.

        Returns:
            The response.
        """
        return JsonResponse(answer.body, status=answer.status, headers=answer.headers)

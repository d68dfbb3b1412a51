"""Files over HTTP: fetched by pooch, which honours the user's proxies, and checked by hash."""

import threading
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from queue import Empty, Queue

import requests
from pooch import HTTPDownloader
from urllib3.exceptions import ReadTimeoutError

from nst_core.weights.failure import FetchError, check_hash
from nst_core.weights.progress import Bar, bar
from nst_core.weights.sets import Download

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
CHUNK = 1 << 16  # bytes
CURE = "check the connection or the proxy, or choose another set with --weights"


def download(name: str, source: Download, folder: Path, *, progress: bool = False) -> Path:
    """The file of `source`, in `folder`, verified; raises FetchError, or OSError for the disk."""
    path = folder / source.filename
    try:
        with bar(source.filename, shown=progress) as shown:
            _save(source.url, path, shown)
    except requests.RequestException as error:
        raise FetchError(name, explain(error, source), CURE) from error
    check_hash(name, path, source.algorithm, source.digest)
    return path


def _save(url: str, path: Path, shown: Bar | None) -> None:
    with ExitStack() as opened:

        def close_later(response: requests.Response, **_: object) -> None:
            opened.callback(response.close)

        # pooch leaves the connection open when a download fails
        hooks, timeout = {"response": close_later}, (CONNECT_SECONDS, READ_SECONDS)
        HTTPDownloader(shown, CHUNK, timeout=timeout, hooks=hooks)(url, str(path), None)


def explain(error: requests.RequestException, source: Download) -> str:
    """What a failed request means, in a few words without the library's own."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{source.host} answered {error.response.status_code} for {source.filename}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{source.filename} broke off before its end"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {source.host} is not accepted"
    # in the middle of a body, requests reports a timeout as a lost connection
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        return f"{source.host} stopped answering"
    return f"no connection to {source.host}"


@cache
def reachable(url: str) -> bool:
    """Whether the host of `url` gives any answer within `CONNECT_SECONDS`; tried once a process.

    The time limit covers everything, name lookup and all of the host's addresses included, which
    the limits of a single connection do not.
    """
    answers: Queue[bool] = Queue()
    thread = threading.Thread(target=lambda: answers.put(_answers(url)), daemon=True)
    thread.start()
    try:
        return answers.get(timeout=CONNECT_SECONDS)
    except Empty:
        return False


def _answers(url: str) -> bool:
    try:
        requests.head(url, timeout=CONNECT_SECONDS)
    except requests.exceptions.SSLError:
        return True  # there is a host; the download says what is wrong with its certificate
    except requests.RequestException:
        return False
    return True

"""Downloads over HTTP by pooch, which uses the user's proxies. Every file's hash is checked."""

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
    """Downloads and verifies a file into `folder`; raises FetchError, or OSError for the disk."""
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
    """A short explanation of a failed request."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{source.host} answered {error.response.status_code} for {source.filename}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the download of {source.filename} was interrupted"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {source.host} is not accepted"
    # if a timeout occurs within the body, requests reports a lost connection
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        return f"{source.host} stopped answering"
    return f"no connection to {source.host}"


@cache
def reachable(url: str) -> bool:
    """Whether the host of `url` answers within `CONNECT_SECONDS`; tried once in a process.

    The time limit includes the name lookup and all addresses of the host, unlike the time limits of
    a single connection.
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
        return True  # the host exists; the download reports what is wrong with its certificate
    except requests.RequestException:
        return False
    return True

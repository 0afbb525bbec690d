# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY service service
COPY migrations migrations
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home postgrad && install -d -o postgrad -g postgrad -m 0700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    OPENBLAS_NUM_THREADS=1 \
    POSTGRAD_DATA_DIR=/data \
    POSTGRAD_HOST=0.0.0.0
USER postgrad
WORKDIR /home/postgrad
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["postgrad"]
CMD ["serve"]

# syntax=docker/dockerfile:1
# clash with all its models, speech and S3: `docker build -t clash .`, or see compose.yaml.

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY clash clash
COPY migrations migrations
RUN python -m venv /opt/clash && /opt/clash/bin/pip install --no-cache-dir ".[voice,voice-zh,s3,models,xlsx,board,dask]"

FROM python:3.12-slim
# The number that owns the films on your side: `--build-arg UID=$(id -u)` where it is not 1000.
ARG UID=1000
RUN useradd --uid "$UID" --create-home clash \
    && install -d -o clash -g clash /films /films/data /films/output /films/stories
COPY --from=build /opt/clash /opt/clash
ENV PATH=/opt/clash/bin:$PATH PYTHONUNBUFFERED=1
USER $UID
WORKDIR /films
# The database and everything that was made: whoever keeps this keeps the runs.
VOLUME /films/data
ENTRYPOINT ["clash"]
CMD ["--help"]

# docker build -t freshet .
# docker run --rm -v ./freshet:/etc/freshet:ro freshet check --config /etc/freshet/freshet.yaml

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY cmd cmd
COPY src src
# Executable, so that `docker exec ... freshet check` finds a command.
RUN npm run build && chmod +x dist/cmd/main.js

FROM node:24-bookworm-slim AS dependencies
RUN apt-get update && apt-get install -y --no-install-recommends tini
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
RUN ln -s /app/dist/cmd/main.js /usr/local/bin/freshet
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /usr/bin/tini-static /usr/local/bin/tini
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# By number, so that Kubernetes can prove runAsNonRoot; it is the base image's user `node`.
USER 1000:1000
EXPOSE 8080

# Asks 127.0.0.1 on FRESHET_HTTP_PORT: where the settings file moves the port, say it there too, or override this.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FRESHET_HTTP_PORT ?? 8080}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# As process 1, node would be deaf to SIGTERM and SIGINT until `run` listens to them, and in every other verb; tini hands
# signals on and the exit code back. The flags are those of cmd/frugal-heap.ts, which else starts node a second time.
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=8", "--heap-growing-percent=20", "/app/dist/cmd/main.js"]
CMD ["run", "--config", "/etc/freshet/freshet.yaml"]

ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Freshet" \
      org.opencontainers.image.description="Keeps Redis right when Postgres changes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

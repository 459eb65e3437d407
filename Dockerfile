# Any Debian image with node and npm below /usr/local. An update of Node is a change of this line.
ARG NODE_IMAGE=node:24.21.0-trixie-slim

# The gate, bundled, and the packages it runs with. What bundles it comes as an optional package of each platform.
FROM ${NODE_IMAGE} AS build
WORKDIR /src
# Where a proxy signs TLS anew: a file of the base, or mounted, with its certificate. It stays in this stage.
ARG NODE_EXTRA_CA_CERTS
COPY package.json package-lock.json ./
RUN npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund
COPY LICENSE tsconfig.json ./
COPY bin/oauth-gate.js ./bin/
COPY scripts/bundle.mjs ./scripts/
COPY providers ./providers
COPY src ./src
RUN node scripts/bundle.mjs \
 && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
# Tests hold private keys that scanners stumble over; maps, types and manuals nobody reads here. Licences stay.
RUN find node_modules -type d \( -name test -o -name tests -o -name docs -o -name 'example*' -o -name 'benchmark*' -o -name '.?*' \) \
      -not -path '*/dist/*' -not -path '*/lib/*' -prune -exec rm -r {} + \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' -o -name '*.yml' -o -name '*.sh' -o -name '.*' -o -iname '*.md' \) \
      -not -iname 'licen[cs]e*' -delete \
 && sed -i "1s|.*|#!$(command -v node)|" bin/oauth-gate.js

# Node, the libraries it is linked to, their packages' names for scanners, and nothing else that could be run.
FROM ${NODE_IMAGE} AS system
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /system
RUN node="$(command -v node)" \
 && ldd "$node" | grep -o '/[^ )]*' | xargs cp --dereference --parents -t . "$node" \
 && mkdir -p etc usr/local/bin var/lib/dpkg/status.d \
 && ln -s /app/bin/oauth-gate.js usr/local/bin/oauth-gate \
 && cp --dereference /etc/os-release etc/ \
 && echo 'hosts: files dns' > etc/nsswitch.conf \
 && echo 'gate:x:65532:65532::/:/sbin/nologin' > etc/passwd \
 && echo 'gate:x:65532:' > etc/group \
 && for package in libc6 libgcc-s1 libstdc++6; do \
      dpkg-query --status "$package" > "var/lib/dpkg/status.d/$package" \
   && cp --dereference --parents "/usr/share/doc/$package/copyright" .; \
    done

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="oauth-gate" \
      org.opencontainers.image.description="A sign-in in front of any web app" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=system /system/ /
COPY --from=build /src/node_modules/ /app/node_modules/
COPY --from=build /src/LICENSE /src/package.json /app/
COPY --from=build /src/bin/ /app/bin/
COPY --from=build /src/dist/ /app/dist/
# Node would let the part of its memory that new things are in grow to 128 MiB: that costs more than it saves (docs/performance.md).
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=16 \
    PATH=/usr/local/bin \
    OAUTH_GATE_ADDRESS=0.0.0.0
USER 65532:65532
EXPOSE 4180
# Reads the same environment as serve: port, certificate and paths are known to it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["oauth-gate", "healthcheck"]
ENTRYPOINT ["oauth-gate"]
CMD ["serve"]

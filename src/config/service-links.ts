const SERVICE_LINK_NAME =
  /^FRESHET(?:_[A-Z0-9_]+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/**
 * Whether Kubernetes, not a user, set the variable: for a Service named `freshet` it gives every pod beside it
 * FRESHET_SERVICE_HOST, FRESHET_PORT=tcp://10.0.0.1:8080 and more; for `freshet-http` even FRESHET_HTTP_PORT.
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
export function isServiceLink(name: string, value: string): boolean {
  if (SERVICE_LINK_NAME.test(name)) return true;
  return name.startsWith('FRESHET_') && name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value);
}

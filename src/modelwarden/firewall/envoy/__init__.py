"""An Envoy or Istio asks the firewall about requests and answers: ext_proc over HTTP/2."""

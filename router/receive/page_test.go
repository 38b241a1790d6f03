package receive_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive"
)

// The page "Put the receiver on the internet" is followed here: what it prints is what is run.

var indented = regexp.MustCompile(`(?m)(?:^    .*\n|^\n)+`)

// block returns the page's block that begins so.
func block(t *testing.T, begin string) string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range indented.FindAllString(string(page), -1) {
		text := strings.ReplaceAll("\n"+strings.Trim(b, "\n"), "\n    ", "\n")[1:] + "\n"
		if strings.HasPrefix(text, begin) {
			return text
		}
	}
	t.Fatalf("the page has no block that begins with %q", begin)
	return ""
}

// counterpart returns where a program is. Without it the test is skipped with a sentence, in CI it fails.
func counterpart(t *testing.T, name string) string {
	t.Helper()
	for _, at := range []string{name, "/usr/sbin/" + name, "/usr/bin/" + name} {
		if path, err := exec.LookPath(at); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED: %s is not installed", name)
	}
	t.Skipf("NOT TESTED: %s is not installed", name)
	return ""
}

// replaced is a text in which each of the pairs was there and was replaced.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the page's block has no %q:\n%s", pairs[i], text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// proxied is a receiver of every scheme behind a proxy that the page describes.
type proxied struct {
	dir, address string
	store        *memory
	server       *receive.Server
	client       *http.Client
	log          *logged
}

// proxy starts one. Configure gets the address of the receiver, that of the proxy and a folder with cert.pem and key.pem, and
// returns the command.
func proxy(t *testing.T, configure func(behind, at, dir string) *exec.Cmd) *proxied {
	t.Helper()
	p := &proxied{dir: t.TempDir(), store: &memory{}, log: &logged{}}
	var hooks []receive.Hook
	for _, s := range schemes {
		if s.there() {
			hook := s.hook(t, secret)
			hook.Connection = s.connection()
			hooks = append(hooks, hook)
		}
	}
	r, err := receive.New(receive.Options{Hooks: hooks, Public: public, Store: p.store, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	if p.server, err = receive.Listen(r, receive.ServerOptions{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.server.Close(time.Second) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = free.Addr().String()
	_ = free.Close()
	roots := p.certify(t)
	cmd := configure(p.server.Address(), p.address, p.dir)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, p.address)
		}}}
	t.Cleanup(p.client.CloseIdleConnections)
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: roots, ServerName: "hooks.example.com"})
		if err == nil {
			_ = conn.Close()
			return p
		}
		if time.Now().After(until) {
			t.Fatalf("the proxy does not answer: %v\n%s", err, p.log)
		}
	}
}

// certify makes a certificate for hooks.example.com.
func (p *proxied) certify(t *testing.T) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"hooks.example.com"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, filepath.Join(p.dir, "cert.pem"), cert)
	write(t, filepath.Join(p.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return roots
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// connection is a name of its own for each scheme.
func (s scheme) connection() string { return strings.ReplaceAll(strings.ToLower(s.name), " ", "-") }

func (p *proxied) post(t *testing.T, path string, header http.Header, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// follow does what a reader of the page would: deliveries of each vendor arrive as they were sent, what is wrong is told as the
// page says, and no log has the secret of a path, also not while Millrace is away.
func (p *proxied) follow(t *testing.T) {
	t.Helper()
	for _, s := range schemes {
		if !s.there() {
			continue
		}
		address, path := public+"/hooks/"+s.connection(), "/hooks/"+s.connection()
		if s.inPath {
			path += "/" + secret
		}
		before := len(p.store.stored())
		status := p.post(t, path, s.sign(secret, address, s.body, time.Now()), s.body)
		list := p.store.stored()
		if status != http.StatusOK || len(list) != before+1 || string(list[before].Request.Body) != s.body {
			t.Errorf("%s: got status %d and %d deliveries, want the one that was sent", s.name, status, len(list)-before)
		}
	}
	largest := strings.Repeat("x", 1<<20)
	v3 := schemes[0]
	if status := p.post(t, "/hooks/"+v3.connection(), v3.sign(secret, public+"/hooks/"+v3.connection(), largest, time.Now()), largest); status != http.StatusOK {
		t.Errorf("a delivery of max_body: got status %d", status)
	}
	for path, want := range map[string]int{"/hooks/" + v3.connection(): 401, "/hooks/nobody": 404, "/": 404, "/elsewhere/" + secret: 404,
		"/hook/salesforce/" + secret: 404, "/hooks/salesforce/" + secret + "0": 404} {
		if status := p.post(t, path, nil, "{}"); status != want {
			t.Errorf("%s: got status %d, want %d", path, status, want)
		}
	}
	p.server.Close(time.Second)
	if status := p.post(t, "/hooks/salesforce/"+secret, nil, "{}"); status != http.StatusBadGateway {
		t.Errorf("while Millrace is away: got status %d, want one that has the vendor come again", status)
	}
	logs := []byte(p.log.String())
	files, _ := filepath.Glob(filepath.Join(p.dir, "*.log"))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, content...)
	}
	if bytes.Contains(logs, []byte(secret)) {
		t.Errorf("a log has the secret of a path:\n%s", logs)
	}
}

func TestPageBehindNginx(t *testing.T) {
	nginx := counterpart(t, "nginx")
	p := proxy(t, func(behind, at, dir string) *exec.Cmd {
		server := replaced(t, block(t, "server {"), "listen 443 ssl;", "listen "+at+" ssl;", "listen [::]:443 ssl;", "", "http://127.0.0.1:8088", "http://"+behind,
			"/etc/letsencrypt/live/hooks.example.com/fullchain.pem", dir+"/cert.pem", "/etc/letsencrypt/live/hooks.example.com/privkey.pem", dir+"/key.pem")
		// Around it is what a distribution has: logs of everything. One process, so that it needs no rights of another user.
		write(t, dir+"/nginx.conf", []byte("daemon off; master_process off; pid "+dir+"/pid; error_log "+dir+"/error.log;\nevents {}\nhttp {\n"+
			"access_log "+dir+"/access.log; client_body_temp_path "+dir+"/body; proxy_temp_path "+dir+"/proxy; fastcgi_temp_path "+dir+"/fastcgi; "+
			"uwsgi_temp_path "+dir+"/uwsgi; scgi_temp_path "+dir+"/scgi;\n"+server+"}\n"))
		return exec.Command(nginx, "-e", dir+"/error.log", "-c", dir+"/nginx.conf")
	})
	p.follow(t)
}

func TestPageBehindCaddy(t *testing.T) {
	caddy := counterpart(t, "caddy")
	p := proxy(t, func(behind, at, dir string) *exec.Cmd {
		_, port, _ := net.SplitHostPort(at)
		file := replaced(t, block(t, "{\n    log {"), "{\n", "{\nadmin off\nauto_https disable_redirects\nhttps_port "+port+"\n",
			"hooks.example.com {\n", "hooks.example.com {\ntls "+dir+"/cert.pem "+dir+"/key.pem\n", "127.0.0.1:8088", behind)
		write(t, dir+"/Caddyfile", []byte(file))
		cmd := exec.Command(caddy, "run", "--adapter", "caddyfile", "--config", dir+"/Caddyfile")
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		return cmd
	})
	p.follow(t)
}

// TestPageAsAService: systemd takes every line of the unit as it stands, with and without the lines for TLS of our own.
func TestPageAsAService(t *testing.T) {
	analyze := counterpart(t, "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := replaced(t, block(t, "[Unit]"), "/usr/local/bin/millrace ", self+" ")
	for name, text := range map[string]string{"proxy": unit,
		"tls": replaced(t, unit, "#CapabilityBoundingSet", "CapabilityBoundingSet", "#AmbientCapabilities", "AmbientCapabilities")} {
		path := filepath.Join(t.TempDir(), "millrace.service")
		write(t, path, []byte(text))
		out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
		if err != nil || strings.Contains(string(out), "millrace.service") {
			t.Errorf("%s: got %v\n%s", name, err, out)
		}
	}
}

// TestPageCommands: a shell can read the page's commands.
func TestPageCommands(t *testing.T) {
	for _, begin := range []string{"(set -a;", "#!/bin/sh", "RENEWED_LINEAGE=", "CGO_ENABLED=0", "install -m 755 millrace", "systemctl status"} {
		cmd := exec.Command("sh", "-n")
		cmd.Stdin = strings.NewReader(block(t, begin))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s…: %v\n%s", begin, err, out)
		}
	}
}

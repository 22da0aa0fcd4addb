using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace XSwitchEngine.Integration.Tests;

/// <summary>nginx with a certificate of its own before the plain port of an engine, as its documentation recommends.</summary>
internal sealed class NginxProcess : ChildProcess
{
    private readonly string _directory;

    private NginxProcess(string directory, int port)
        : base("/usr/sbin/nginx", ["-p", directory, "-c", Path.Combine(directory, "nginx.conf"), "-e", "stderr"], directory)
    {
        _directory = directory;
        Site = new Uri($"https://localhost:{port}/");
    }

    /// <summary>What browsers go to.</summary>
    public Uri Site { get; }

    public static async Task<NginxProcess> StartAsync(Uri engine)
    {
        var directory = Directory.CreateTempSubdirectory("xswitch-nginx-").FullName;
        var port = Sipp.FreePort();
        WriteCertificate(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "nginx.conf"), $$"""
            daemon off;
            worker_processes 1;
            pid {{directory}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 512; }
            http {
              access_log off;
              client_body_temp_path {{directory}}/body;
              proxy_temp_path {{directory}}/proxy;
              fastcgi_temp_path {{directory}}/fastcgi;
              uwsgi_temp_path {{directory}}/uwsgi;
              scgi_temp_path {{directory}}/scgi;
              map $http_upgrade $conn_hdr { default upgrade; "" close; }
              upstream engine_plain { server 127.0.0.1:{{engine.Port}}; keepalive 32; }
              server {
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{directory}}/cert.pem;
                ssl_certificate_key {{directory}}/key.pem;
                location = /ws {
                  proxy_http_version 1.1;
                  proxy_set_header Upgrade $http_upgrade;
                  proxy_set_header Connection $conn_hdr;
                  proxy_read_timeout 7d;
                  proxy_send_timeout 7d;
                  proxy_pass http://engine_plain;
                }
                location / {
                  proxy_pass http://engine_plain;
                  proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                  proxy_set_header X-Forwarded-Proto $scheme;
                  proxy_request_buffering off;
                  client_max_body_size 1m;
                }
              }
            }
            """);
        var nginx = new NginxProcess(directory, port);
        using var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        await EngineProcess.UntilAsync(
            async () =>
            {
                Assert.False(nginx.Process.HasExited, nginx.Output);
                try
                {
                    return (await http.GetAsync(new Uri(nginx.Site, "/healthz"))).StatusCode == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "nginx listens");
        return nginx;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static void WriteCertificate(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(directory, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}

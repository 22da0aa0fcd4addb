using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace XSwitchEngine.Host.Http;

/// <summary>Files below <c>wwwroot</c> beside the program: pages, scripts, styles. Browsers ask each time whether they changed, so that a new version is seen at once.</summary>
internal static class StaticPages
{
    private const string PagePolicy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; connect-src 'self' http: https: ws: wss:; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

    private static readonly FileExtensionContentTypeProvider Types = new(new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".ts"] = "text/plain; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".json"] = "application/json; charset=utf-8",
        [".map"] = "application/json; charset=utf-8",
        [".txt"] = "text/plain; charset=utf-8",
        [".md"] = "text/plain; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".ico"] = "image/x-icon",
        [".webp"] = "image/webp",
        [".wav"] = "audio/wav",
        [".mp3"] = "audio/mpeg",
        [".ogg"] = "audio/ogg",
        [".webm"] = "video/webm",
        [".mp4"] = "video/mp4",
        [".woff2"] = "font/woff2",
        [".wasm"] = "application/wasm",
    });

    /// <summary>Serves the files of a directory, <c>index.html</c> for a directory; what has another extension is not served.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="root">The directory; when it is missing, <c>/</c> says so.</param>
    public static void Use(IApplicationBuilder app, string root)
    {
        if (Directory.Exists(root))
        {
            var files = new PhysicalFileProvider(Path.GetFullPath(root));
            app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files, DefaultFileNames = ["index.html"] });
            app.UseStaticFiles(new StaticFileOptions { FileProvider = files, ContentTypeProvider = Types, OnPrepareResponse = static c => Prepare(c.Context) });
        }

        app.Run(static context => context.Request.Path == "/" && IsRead(context.Request.Method)
            ? Answers.TextAsync(context, StatusCodes.Status200OK, "XSwitchEngine is running; this installation has no pages (wwwroot beside the program).\n")
            : IsRead(context.Request.Method)
                ? Answers.TextAsync(context, StatusCodes.Status404NotFound, "not found\n")
                : Answers.MethodAsync(context, "GET, HEAD"));
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static void Prepare(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "microphone=(self), camera=(self), display-capture=(self)";
        headers.ContentSecurityPolicy = PagePolicy;
    }
}

using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Core.Diagnostics;

/// <summary>Log messages of the directory (2000–2099) , the CDR journal (2100–2199) the logs themselves (2200–2299) and certificates (2300–2399).</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Directory {Path}: {Users} users, {Groups} groups, {Registrations} registrations restored")]
    public static partial void DirectoryOpened(ILogger logger, string path, int users, int groups, int registrations);

    [LoggerMessage(2001, LogLevel.Information, "The domain is now {Domain}: digest hashes of {Users} users were made again")]
    public static partial void RealmChanged(ILogger logger, string domain, int users);

    [LoggerMessage(2002, LogLevel.Warning, "User {Number} has hashes for another realm and no stored password: it cannot authenticate in {Domain}")]
    public static partial void UserOfOtherRealm(ILogger logger, string number, string domain);

    [LoggerMessage(2003, LogLevel.Error, "Registrations cannot be written, tried again in 1 s: {Reason}")]
    public static partial void RegistrationsNotWritten(ILogger logger, string reason);

    [LoggerMessage(2004, LogLevel.Error, "A handler of registration events failed")]
    public static partial void RegistrationHandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(2100, LogLevel.Warning, "The engine ended without closing {Count} call records: they are reported with cause CRASH")]
    public static partial void OrphansClosed(ILogger logger, int count);

    [LoggerMessage(2101, LogLevel.Error, "Call records cannot be written, tried again in 1 s: {Reason}")]
    public static partial void RecordsNotWritten(ILogger logger, string reason);

    [LoggerMessage(2102, LogLevel.Warning, "Journal {Path}: {Lines} damaged lines were skipped")]
    public static partial void JournalDamaged(ILogger logger, string path, int lines);

    [LoggerMessage(2103, LogLevel.Error, "The queue of call records is full: {Count} records lost so far")]
    public static partial void RecordsLost(ILogger logger, long count);

    [LoggerMessage(2300, LogLevel.Information, "{Path}: made a self-signed certificate for this machine; replace the file with one that browsers trust")]
    public static partial void CertificateMade(ILogger logger, string path);

    [LoggerMessage(2301, LogLevel.Information, "Certificates of {Directory} were replaced, the main one is good until {NotAfter:u}")]
    public static partial void CertificateReplaced(ILogger logger, string directory, DateTime notAfter);

    [LoggerMessage(2302, LogLevel.Error, "Certificates cannot be replaced, the old ones stay in force: {Reason}")]
    public static partial void CertificateRefused(ILogger logger, string reason);

    [LoggerMessage(2200, LogLevel.Error, "{Path} cannot be written: {Reason}")]
    public static partial void SecurityLogNotWritten(ILogger logger, string path, string reason);
}

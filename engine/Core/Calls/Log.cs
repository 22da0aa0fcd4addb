using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Core.Calls;

/// <summary>Log lines of the call core; the call id comes first.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "{Leg} operation failed, leg is hung up")]
    public static partial void LegFault(ILogger log, string leg, Exception e);

    [LoggerMessage(2002, LogLevel.Error, "core loop: an event handler failed")]
    public static partial void LoopFault(ILogger log, Exception e);

    [LoggerMessage(2003, LogLevel.Warning, "{Leg} unknown application {Application}")]
    public static partial void UnknownApplication(ILogger log, string leg, string application);

    [LoggerMessage(2005, LogLevel.Information, "{Leg} {Application}({Data})")]
    public static partial void Executing(ILogger log, string leg, string application, string data);

    [LoggerMessage(2006, LogLevel.Warning, "{Leg} {Text}")]
    public static partial void LegWarning(ILogger log, string leg, string text);

    [LoggerMessage(2007, LogLevel.Information, "{Leg} {Channel} {Caller} -> {Destination} in {Context}")]
    public static partial void NewChannel(ILogger log, string leg, string channel, string caller, string destination, string context);

    [LoggerMessage(2008, LogLevel.Information, "{Leg} {Channel} hung up: {Cause}")]
    public static partial void HungUp(ILogger log, string leg, string channel, string cause);

    [LoggerMessage(2010, LogLevel.Debug, "{Leg} {Script} {Text}")]
    public static partial void ScriptDebug(ILogger log, string leg, string script, string text);

    [LoggerMessage(2011, LogLevel.Information, "{Leg} {Script} {Text}")]
    public static partial void ScriptInfo(ILogger log, string leg, string script, string text);

    [LoggerMessage(2012, LogLevel.Warning, "{Leg} {Script} {Text}")]
    public static partial void ScriptWarning(ILogger log, string leg, string script, string text);

    [LoggerMessage(2013, LogLevel.Error, "{Leg} {Script} {Text}")]
    public static partial void ScriptError(ILogger log, string leg, string script, string text);

    [LoggerMessage(2014, LogLevel.Critical, "{Leg} {Script} {Text}")]
    public static partial void ScriptCritical(ILogger log, string leg, string script, string text);

    [LoggerMessage(2015, LogLevel.Warning, "{Leg} media transport failed: {Text}")]
    public static partial void TransportFailed(ILogger log, string leg, string text);

    [LoggerMessage(2016, LogLevel.Information, "{Leg} media transport lost: no sign of the peer")]
    public static partial void TransportLost(ILogger log, string leg);

    [LoggerMessage(2017, LogLevel.Warning, "{Leg} answer to our offer cannot be used, the old session stays: {Text}")]
    public static partial void BadAnswer(ILogger log, string leg, string text);

    [LoggerMessage(2018, LogLevel.Warning, "{Leg} and {Peer} cannot be joined: {Text}")]
    public static partial void CannotJoin(ILogger log, string leg, string peer, string text);

    [LoggerMessage(2019, LogLevel.Warning, "libopus is not installed: Opus is passed through and never converted; apt-get install {Package}")]
    public static partial void NoOpus(ILogger log, string package);
}

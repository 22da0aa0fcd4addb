using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Takes the core's commands to their legs.</summary>
internal sealed class LegCommands(SipContext context)
{
    public void Execute(LegCommand command)
    {
        if (command is LegCommand.Originate originate)
        {
            if (context.Legs.ById(originate.Leg) is not null)
            {
                return;
            }

            if (context.Transactions.IsFull)
            {
                context.Host.Calls.Post(new LegEvent.HungUp(originate.Leg, HangupCause.SwitchCongestion, 503, "Too many transactions", ByPeer: false));
                return;
            }

            SipLeg.Originate(context, originate);
        }
        else
        {
            context.Legs.ById(command.Leg)?.Execute(command);
        }
    }
}

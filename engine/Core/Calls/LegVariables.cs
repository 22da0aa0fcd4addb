using System.Runtime.InteropServices;

namespace XSwitchEngine.Core.Calls;

/// <summary>Channel variables of a leg: any thread reads and writes, nobody waits.</summary>
/// <remarks>
/// One immutable array swapped by compare-and-exchange. Scripts set a handful of variables from their own thread while the core reads
/// them; a copy of some dozens of references costs less than a lock and leaves readers with a consistent snapshot.
/// Names are case-insensitive as in FreeSWITCH. At most <see cref="Limit"/> variables: a script that makes more harms nobody else.
/// </remarks>
public sealed class LegVariables
{
    /// <summary>Most variables a leg may have; further ones are ignored.</summary>
    public const int Limit = 2048;

    /// <summary>Most characters in all values together; a value that would exceed it is not stored.</summary>
    public const int MaxCharacters = 4 * 1024 * 1024;

    private const int LargeValue = 1024;

    private KeyValuePair<string, string>[] _items;

    /// <summary>Makes a set of variables.</summary>
    /// <param name="initial">Later values of a name win; empty values are left out.</param>
    public LegVariables(IEnumerable<KeyValuePair<string, string>>? initial = null)
    {
        var list = new List<KeyValuePair<string, string>>();
        foreach (var pair in initial ?? [])
        {
            var index = Find(CollectionsMarshal.AsSpan(list), pair.Key);
            if (index >= 0)
            {
                list.RemoveAt(index);
            }

            if (pair.Value.Length > 0 && list.Count < Limit)
            {
                list.Add(pair);
            }
        }

        _items = [.. list];
    }

    /// <summary>All variables in the order in which they were first set.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Snapshot => Volatile.Read(ref _items);

    /// <summary>A variable's value, or null.</summary>
    /// <param name="name">Case-insensitive.</param>
    public string? this[string name]
    {
        get
        {
            var items = Volatile.Read(ref _items);
            var index = Find(items, name);
            return index < 0 ? null : items[index].Value;
        }
        set => Set(name, value);
    }

    /// <summary>Whether a variable has one of FreeSWITCH's true words.</summary>
    /// <param name="name">Case-insensitive.</param>
    public bool IsTrue(string name) => Truth.IsTrue(this[name]);

    /// <summary>A variable as a number.</summary>
    /// <param name="name">Case-insensitive.</param>
    /// <param name="fallback">Used when it is missing or no number.</param>
    public int Number(string name, int fallback) =>
        int.TryParse(this[name], System.Globalization.NumberStyles.AllowLeadingSign, null, out var value) ? value : fallback;

    /// <summary>Sets or deletes a variable.</summary>
    /// <param name="name">Its name; an empty one is ignored.</param>
    /// <param name="value">Null or empty deletes.</param>
    public void Set(string name, string? value)
    {
        if (name.Length == 0)
        {
            return;
        }

        while (true)
        {
            var before = Volatile.Read(ref _items);
            var after = With(before, name, value);
            if (ReferenceEquals(before, after) || Interlocked.CompareExchange(ref _items, after, before) == before)
            {
                return;
            }
        }
    }

    /// <summary>Sets several variables with one copy of the set; readers see all of them or none.</summary>
    /// <param name="values">Names and values as for <see cref="Set"/>; no name twice.</param>
    public void SetAll(params ReadOnlySpan<(string Name, string? Value)> values)
    {
        while (true)
        {
            var before = Volatile.Read(ref _items);
            var after = new List<KeyValuePair<string, string>>(before.Length + values.Length);
            after.AddRange(before);
            foreach (var (name, value) in values)
            {
                Put(after, name, value);
            }

            if (Interlocked.CompareExchange(ref _items, [.. after], before) == before)
            {
                return;
            }
        }
    }

    private static void Put(List<KeyValuePair<string, string>> items, string name, string? value)
    {
        var index = Find(CollectionsMarshal.AsSpan(items), name);
        if (string.IsNullOrEmpty(value))
        {
            if (index >= 0)
            {
                items.RemoveAt(index);
            }
        }
        else if (value.Length > LargeValue && items.Sum(i => (long)i.Value.Length) + value.Length > MaxCharacters)
        {
            return;
        }
        else if (index >= 0)
        {
            items[index] = new(items[index].Key, value);
        }
        else if (items.Count < Limit && name.Length > 0)
        {
            items.Add(new(name, value));
        }
    }

    private static KeyValuePair<string, string>[] With(KeyValuePair<string, string>[] items, string name, string? value)
    {
        var index = Find(items, name);
        if (string.IsNullOrEmpty(value))
        {
            return index < 0 ? items : [.. items.AsSpan(0, index), .. items.AsSpan(index + 1)];
        }

        // Only a large value can break the bound in earnest, so only then is the sum looked at.
        if (value.Length > LargeValue && items.Sum(i => (long)i.Value.Length) + value.Length > MaxCharacters)
        {
            return items;
        }

        if (index < 0)
        {
            return items.Length >= Limit ? items : [.. items, new(name, value)];
        }

        var copy = items.AsSpan().ToArray();
        copy[index] = new(copy[index].Key, value);
        return copy;
    }

    private static int Find(ReadOnlySpan<KeyValuePair<string, string>> items, string name)
    {
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i].Key.Length == name.Length && items[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}

namespace XSwitchEngine.Scripting.Tests.Kit;

/// <summary>Where the repository is, found from the test's own directory.</summary>
public static class RepositoryRoot
{
    public static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "XSwitchEngine.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("no XSwitchEngine.sln above " + AppContext.BaseDirectory);
    }
}

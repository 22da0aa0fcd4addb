using System.Runtime.CompilerServices;

// All native signatures are blittable: no marshalling stub stands between the host and liblua54.
[assembly: DisableRuntimeMarshalling]

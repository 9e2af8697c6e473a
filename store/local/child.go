package local

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// childArgument makes a binary the engine instead of itself.
const childArgument = "internal-clickhouse-engine"

// Child runs the engine if args (os.Args) say that this process is its child; then it returns true when the engine has
// ended, and the caller has nothing else to do. The main function calls it before anything else, and so does the
// TestMain of a test that starts an engine.
func Child(args []string) bool {
	if len(args) < 3 || args[1] != childArgument {
		return false
	}
	if err := runEngine(args[2], args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "embedded ClickHouse:", err)
		os.Exit(1)
	}
	return true
}

// runEngine loads the library and calls clickhouse-local's main function, which works until its terminal says exit.
func runEngine(library string, args []string) error {
	runtime.LockOSThread() // the engine takes the thread that enters it for its main thread
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return fmt.Errorf("loading %s: %w", library, err)
	}
	var main func(argc int32, argv unsafe.Pointer) uintptr
	var failure func(result uintptr) string
	purego.RegisterLibFunc(&main, handle, "chdb_query_cmdline")
	purego.RegisterLibFunc(&failure, handle, "chdb_result_error")

	var pins runtime.Pinner
	defer pins.Unpin()
	argv := make([]*byte, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		bytes := append([]byte(arg), 0)
		pins.Pin(&bytes[0])
		argv = append(argv, &bytes[0])
	}
	argv = append(argv, nil)
	result := main(int32(len(argv)-1), unsafe.Pointer(&argv[0]))
	if text := failure(result); text != "" {
		return fmt.Errorf("%s", text)
	}
	return nil
}

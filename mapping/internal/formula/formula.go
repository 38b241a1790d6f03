package formula

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// The bounds of an expression.
const (
	MaxLength = 4096
	maxNodes  = 1000
	memory    = 100_000 // elements that one run may make
)

// disabled are the built-in functions that are not functions of their arguments alone, or that make texts of any
// length out of short ones.
var disabled = []string{"now", "date", "duration", "timezone", "keys", "values", "toPairs", "groupBy", "repeat", "toJSON"}

// Want is the type an expression must have.
type Want reflect.Kind

// The types of results.
const (
	Bool   Want = Want(reflect.Bool)
	Text   Want = Want(reflect.String)
	Any    Want = Want(reflect.Invalid)
	Scalar Want = 1000 // a text or a number
	List   Want = 1001
)

// accepts reports whether a static type can be what is wanted; a type that is not known until run time can.
func (w Want) accepts(t reflect.Type) bool {
	if t == nil || t.Kind() == reflect.Interface {
		return true
	}
	switch w {
	case Scalar:
		return t.Kind() == reflect.String || t.Kind() == reflect.Int || t.Kind() == reflect.Float64
	case List:
		return t.Kind() == reflect.Slice || t.Kind() == reflect.Array
	}
	return true
}

// Formula is a compiled expression. It may be run by several goroutines.
type Formula struct {
	source  string
	want    Want
	program *vm.Program
	paths   [][]string
}

// Error is a defect of an expression, at a line and column (from 1) of its text. The message of a run-time error has
// no value in it: values are personal data (invariant 9).
type Error struct {
	Line, Column int
	Message      string
}

// Error returns line:column: message.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// Compile checks source against env (a map type of package expr/types, or an example value) and the type wanted.
// Functions come as options of expr.Function. The error is an *Error.
func Compile(source string, env any, want Want, functions ...expr.Option) (*Formula, error) {
	return CompileWith(nil, source, env, want, functions...)
}

// CompileWith is Compile with paths that are followed into the elements of lists. members says which members of their
// one argument functions read: Paths then has these instead of the whole argument.
func CompileWith(members map[string][]string, source string, env any, want Want, functions ...expr.Option) (*Formula, error) {
	if len(source) > MaxLength {
		return nil, &Error{1, 1, fmt.Sprintf("the expression has %d bytes; at most %d are allowed", len(source), MaxLength)}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &Error{1, 1, "the expression is empty"}
	}
	reads := &reader{members: members, chains: map[ast.Node][][]string{}}
	options := append([]expr.Option{expr.Env(env), expr.MaxNodes(maxNodes), expr.Patch(reads)}, functions...)
	for _, name := range disabled {
		options = append(options, expr.DisableBuiltin(name))
	}
	if want != Bool && want != Text {
		options = append(options, expr.AsAny())
	} else {
		options = append(options, expr.AsKind(reflect.Kind(want)))
	}
	program, err := compile(source, options)
	if err != nil {
		return nil, err
	}
	if t := program.Node().Type(); !want.accepts(t) {
		return nil, &Error{1, 1, fmt.Sprintf("the expression gives %s, not %s", t, map[Want]string{Scalar: "a text or a number", List: "a list"}[want])}
	}
	return &Formula{source: source, want: want, program: program, paths: reads.paths()}, nil
}

// compile turns what the compiler panics about, which is a defect of the expression, into an error too.
func compile(source string, options []expr.Option) (program *vm.Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			program, err = nil, &Error{1, 1, "the expression cannot be compiled"}
		}
	}()
	program, err = expr.Compile(source, options...)
	var f *file.Error
	switch {
	case errors.As(err, &f):
		return nil, &Error{max(1, f.Line), f.Column + 1, f.Message}
	case err != nil:
		message, _, _ := strings.Cut(err.Error(), "\n")
		return nil, &Error{1, 1, message}
	}
	return program, nil
}

var machines = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: memory} }}

// Run evaluates the expression. nil stands for the zero value of the type wanted. The error is an *Error.
func (f *Formula) Run(env map[string]any) (any, error) {
	machine := machines.Get().(*vm.VM)
	result, err := machine.Run(f.program, env)
	machines.Put(machine)
	if err != nil {
		return nil, f.failure(err)
	}
	if f.want != Bool && f.want != Text {
		return result, nil
	}
	if result == nil {
		return reflect.Zero(zero[f.want]).Interface(), nil
	}
	if reflect.TypeOf(result).Kind() != reflect.Kind(f.want) {
		return nil, &Error{1, 1, fmt.Sprintf("the result is a %T, not a %s", result, reflect.Kind(f.want))}
	}
	return result, nil
}

var zero = map[Want]reflect.Type{Bool: reflect.TypeFor[bool](), Text: reflect.TypeFor[string]()}

// failure says where an expression failed and shows its text there, never the message, which may have values in it.
func (f *Formula) failure(err error) *Error {
	var e *file.Error
	if !errors.As(err, &e) || e.Line < 1 {
		return &Error{1, 1, "the expression fails"}
	}
	lines := strings.Split(f.source, "\n")
	near := ""
	if e.Line <= len(lines) {
		if runes := []rune(lines[e.Line-1]); e.Column < len(runes) {
			near = string(runes[e.Column:min(len(runes), e.Column+40)])
		}
	}
	hint := "a value is missing or of another type; guard it with ?. and ??"
	if strings.Contains(e.Message, "memory budget") {
		hint = "it makes too many elements"
	}
	return &Error{e.Line, e.Column + 1, fmt.Sprintf("the expression fails at %q: %s", near, hint)}
}

// Paths returns what the expression reads, as chains of names from the environment: [record properties email]. A chain
// ends where the expression does something else than naming a member. Members of the elements of a list follow the
// list with CompileWith: [deals name] for map(deals, .name).
func (f *Formula) Paths() [][]string { return f.paths }

// Names returns the names of the environment that the expression reads, each once.
func (f *Formula) Names() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range f.paths {
		if !seen[p[0]] {
			seen[p[0]] = true
			names = append(names, p[0])
		}
	}
	return names
}

#!/usr/bin/env escript
%% Turns a messenger's own log (tab-separated lines, see README.md) into contract records, one JSON line each.
%% It runs where the messenger's servers run:  escript producer.escript pseudonym.key < log.tsv | unopened check --events -

-include_lib("kernel/include/file.hrl").
-mode(compile).

%% What the log says, in the contract's words. Nothing but these words can get into a record.
types() ->
    #{<<"registered">> => <<"account_registered">>, <<"signed_in">> => <<"login">>, <<"sent">> => <<"message">>,
      <<"called">> => <<"call">>, <<"asked">> => <<"contact_request">>, <<"accepted">> => <<"contact_accept">>,
      <<"blocked">> => <<"block">>, <<"reported">> => <<"report">>}.

kinds() ->
    #{<<"pair">> => <<"direct">>, <<"group">> => <<"group">>, <<"channel">> => <<"channel">>}.

harms() ->
    maps:from_list([{H, H} || H <- [<<"spam">>, <<"scam">>, <<"grooming">>, <<"harassment">>, <<"other">>]]).

main([KeyFile]) ->
    Key = read_key(KeyFile),
    %% Bytes as they are: identifiers are UTF-8 already.
    ok = io:setopts(standard_io, [binary, {encoding, latin1}]),
    lines(Key, 1);
main(_) ->
    fail("usage: producer KEYFILE < LOG", []).

lines(Key, Number) ->
    case file:read_line(standard_io) of
        eof ->
            ok;
        {ok, Line} ->
            try record(Key, string:trim(Line, trailing, "\n")) of
                %% To Kafka, with brod, after brod:start_client(Endpoints, raw) and brod:start_producer(raw, Topic, []):
                %%   ok = brod:produce_sync(raw, <<"unopened.raw.v1">>, hash, Actor, Record)
                Record -> ok = io:put_chars([Record, "\n"])
            catch
                error:_ -> fail("line ~b is not as README.md says", [Number]) % never what the line says
            end,
            lines(Key, Number + 1)
    end.

%% The first Size bytes of HMAC-SHA-256(Key, Domain followed by Id), in hexadecimal digits.
pseudonym(Key, Domain, Id, Size) ->
    <<Short:Size/binary, _/binary>> = crypto:mac(hmac, sha256, Key, [Domain, Id]),
    string:lowercase(binary:encode_hex(Short)).

%% Reads the key, which only its owner may touch. No error shows anything of it.
read_key(Name) ->
    case file:read_file_info(Name) of
        {ok, #file_info{type = regular, mode = Mode}} when Mode band 8#077 =:= 0 -> ok;
        {ok, _} -> fail("~ts can be touched by others: chmod 600 ~ts", [Name, Name]);
        {error, Why} -> fail("~ts: ~ts", [Name, file:format_error(Why)])
    end,
    {ok, Text} = file:read_file(Name),
    try binary:decode_hex(string:trim(Text)) of
        Key when byte_size(Key) >= 32 -> Key;
        _ -> fail("~ts does not hold 64 or more hexadecimal digits", [Name])
    catch
        error:_ -> fail("~ts does not hold 64 or more hexadecimal digits", [Name])
    end.

%% Makes the record of a line, its fields in the contract's order; an error if the line is none.
record(Key, Line) ->
    [Event, At, What, Actor, Target, Chat, Kind, Length, Device, Network, Country, Harm] =
        binary:split(Line, <<"\t">>, [global]),
    Fields =
        [<<"\"v\":1">>,
         name(Key, <<"id">>, <<"event">>, Event, 16), % the same event has the same id, however often it is sent
         word(<<"type">>, What, types()),
         [<<"\"at\":">>, integer_to_binary(number(At))],
         name(Key, <<"actor">>, <<"account">>, Actor, 16),
         name(Key, <<"target">>, <<"account">>, Target, 16),
         name(Key, <<"conversation">>, <<"conversation">>, Chat, 16),
         word(<<"kind">>, Kind, kinds()),
         size_of(Length),
         name(Key, <<"device">>, <<"device">>, Device, 8),
         name(Key, <<"network">>, <<"network">>, Network, 8),
         country(Country),
         word(<<"category">>, Harm, harms())],
    [<<"{">>, lists:join(<<",">>, [F || F <- Fields, F =/= none]), <<"}">>].

name(_, _, _, <<>>, _) -> none;
name(Key, Field, Domain, Id, Size) -> text(Field, pseudonym(Key, Domain, Id, Size)).

word(_, <<>>, _) -> none;
word(Field, Word, Words) -> text(Field, maps:get(Word, Words)).

text(Field, Value) -> [<<"\"">>, Field, <<"\":\"">>, Value, <<"\"">>].

number(Text) ->
    match = re:run(Text, "\\A[0-9]{1,18}\\z", [{capture, none}]),
    binary_to_integer(Text).

size_of(<<>>) -> none;
size_of(Text) -> [<<"\"size\":">>, integer_to_binary(log2(number(Text) bor 1))].

%% log2 of the ciphertext's length, rounded down
log2(1) -> 0;
log2(N) -> 1 + log2(N bsr 1).

country(<<>>) -> none;
country(Code) ->
    match = re:run(Code, "\\A[A-Z]{2}\\z", [{capture, none}]),
    text(<<"country">>, Code).

fail(Format, Arguments) ->
    io:format(standard_error, Format ++ "~n", Arguments),
    halt(1).
